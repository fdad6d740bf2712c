// The test kit for plugin authors, exported as `millrace/connect/testing`: drives connectors without a worker. Depends
// on no test framework, and on nothing but the plugin API.
export { type LogLine, RecordingLogger } from './recording-logger.ts'
export { SinkHarness, type SinkHarnessOptions, sinkBatch, sinkHarness, sinkRecord } from './sink-harness.ts'
export { SourceHarness, type SourceHarnessOptions, sourceHarness } from './source-harness.ts'
