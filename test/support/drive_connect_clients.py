"""Calls Python clients of Kafka Connect's REST API. The argument is the address of the worker.

A line of input is a JSON text that holds a Python expression, in which `kc` is KafkaConnect of kafka-connect-py and
`cluster` is Cluster of kafka-connect-api. The line of output is a JSON object with `result`, or with `error` (the class of
the exception) and `message`.
"""

import json
import logging
import sys

from kafka_connect import KafkaConnect
from kafka_connect_api.kafka_connect_api import Api, Cluster, Connector

logging.disable()
url = sys.argv[1]
clients = {
    "kc": KafkaConnect(url=url),
    "cluster": Cluster(Api(url=url)),
    "Connector": Connector,
}
for line in sys.stdin:
    try:
        answer = {"result": eval(json.loads(line), clients)}
    except Exception as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    print(json.dumps(answer, default=repr), flush=True)
