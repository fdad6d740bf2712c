/** The options that a command line gives, or the end of the process with what is wrong with them and how they are meant. */
export function optionsOrExit<T>(read: () => T, usage: string): T {
  try {
    return read()
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(2)
  }
}
