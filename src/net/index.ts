export { FrameMemory } from './frame-memory.ts'
// What both ends of a Kafka connection share below the messages: cutting a byte stream into frames, and writing them.

export { FrameReader, FrameSizeError } from './frame-reader.ts'
export { writeChunks } from './write-chunks.ts'
