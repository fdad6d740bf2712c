import { createRequire } from 'node:module'
import { crc32c as wasmCrc32c } from '@platformatic/wasm-utils'

type Checksum = (bytes: Uint8Array) => number

/** Below this many bytes the call into native code costs more than the faster checksum gains (bench/micro/records.ts). */
const NATIVE_FROM_BYTES = 512

const nativeCrc32c = loadNative()

/** CRC-32C (Castagnoli) of `bytes[start, end)` as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const part = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
  return part.length < NATIVE_FROM_BYTES ? wasmCrc32c(part) : nativeCrc32c(part)
}

// The native package ships prebuilt binaries; on a platform without one the WebAssembly version does the same, slower.
function loadNative(): Checksum {
  try {
    const loaded = createRequire(import.meta.url)('@node-rs/crc32') as { crc32c: Checksum }
    return loaded.crc32c
  } catch {
    return wasmCrc32c
  }
}
