import { array, int16, int32, string, uuid } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Deletes topics, from version 6 on also by id. */
export const DeleteTopics = defineApi({
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexible: 4,
  request: {
    topics: array({ name: string().nullable().default(null), topicId: uuid() }, '6+'),
    topicNames: array(string(), '1-5'),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32(),
    responses: array({
      name: string().nullable('6+'),
      topicId: uuid('6+'),
      errorCode: int16(),
      errorMessage: string('5+').nullable().default(null),
    }),
  },
})
