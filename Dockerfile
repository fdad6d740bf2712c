# One process: worker, REST and broker. Data lies in /data; publish 8083 (REST) and 9092 (Kafka protocol).
FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /opt/millrace
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY src ./src
COPY connectors ./connectors
COPY config ./config
RUN mkdir /data && chown node:node /data && ln -s /opt/millrace/src/cli/bin.cjs /usr/local/bin/millrace
USER node
VOLUME /data
EXPOSE 8083 9092
# Inside a container the loopback is of no use to anybody else; clients connect to the name that they know.
ENTRYPOINT ["millrace"]
CMD ["start", "--override", "listeners=http://0.0.0.0:8083", "--override", "broker.listeners=PLAINTEXT://0.0.0.0:9092", "--override", "broker.advertised.listeners=PLAINTEXT://localhost:9092", "--override", "broker.log.dirs=/data/broker"]
