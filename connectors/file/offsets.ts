import { ConnectError, type SourceOffset, type SourcePartition } from 'millrace/connect'

/** The one source partition of a file. */
export function filePartition(file: string | null): SourcePartition {
  return { filename: file }
}

/** Bytes of the file that were read; 0 without a stored offset. Throws for one that another program stored. */
export function storedPosition(offset: SourceOffset | null): number {
  if (offset === null) return 0
  const position = offset['position'] ?? 0
  if (typeof position !== 'number' || !Number.isSafeInteger(position) || position < 0)
    throw new ConnectError(
      `The stored offset has the position ${String(position as string)}, which is no count of bytes: reset the connector's offsets`,
    )
  return position
}

/** Checks offsets that a user sets over REST, with Kafka Connect's texts. Null offsets delete, whatever the partition. */
export function checkOffsets(
  file: string | null,
  offsets: readonly { partition: SourcePartition | null; offset: SourceOffset | null }[],
): void {
  if (file === null || file === '')
    throw new ConnectError(
      "Offsets cannot be modified if the 'file' configuration is unspecified. " +
        'This is because stdin is used for input and offsets are not tracked.',
    )
  for (const { partition, offset } of offsets) {
    if (offset === null) continue
    if (!('position' in offset))
      throw new ConnectError("Offset objects should either be null or contain the key 'position'")
    const { position } = offset
    if (!(typeof position === 'bigint' || Number.isInteger(position)))
      throw new ConnectError("The value for the 'position' key in the offset is expected to be a Long value")
    if ((position as number) < 0)
      throw new ConnectError("The value for the 'position' key in the offset should be a non-negative value")
    if (partition === null) throw new ConnectError('Partition objects cannot be null')
    if (!('filename' in partition)) throw new ConnectError("Partition objects should contain the key 'filename'")
  }
}
