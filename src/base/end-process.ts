/**
 * Ends the process at once, whatever its threads do. `process.exit` waits for each of them, and one that is in native code, or
 * that a debugger holds, may never end. Listeners for `exit` that come after the caller are not called.
 */
export function endProcess(code: number): never {
  // To become another program is the only way out that asks no thread and keeps the code.
  if (process.platform !== 'win32')
    process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${code})`], {})
  process.kill(process.pid, 'SIGKILL')
  throw new Error('the process goes on after SIGKILL')
}
