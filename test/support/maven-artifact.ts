import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'

/** Where downloaded files are kept between runs: `MILLRACE_CACHE`, or a folder below `node_modules`. */
export function cacheFolder(): string {
  return process.env.MILLRACE_CACHE ?? join(import.meta.dirname, '../../node_modules/.cache/millrace')
}

/** Whether a program can be started; tests that need a missing one are skipped. */
export async function hasProgram(program: string, ...versionArguments: string[]): Promise<boolean> {
  try {
    await run(program, versionArguments)
    return true
  } catch {
    return false
  }
}

/**
 * Fetches a jar with Maven, once; later runs find it in the cache folder.
 * @param artifact `group:name:version`
 * @returns its path, or null if the cache does not have it and there is no `mvn`
 */
export async function mavenArtifact(artifact: string): Promise<string | null> {
  const [, name, version] = artifact.split(':')
  const folder = cacheFolder()
  const file = join(folder, `${name}-${version}.jar`)
  try {
    await access(file)
    return file
  } catch {
    if (!(await hasProgram('mvn', '--version'))) return null
  }
  await mkdir(folder, { recursive: true })
  // Test files run side by side: each fetches into a folder of its own, and only whole files get the final name.
  const own = await mkdtemp(join(folder, 'fetch-'))
  try {
    await run('mvn', ['-q', '-B', GOAL, `-Dartifact=${artifact}`, `-DoutputDirectory=${own}`], { cwd: own })
    await rename(join(own, `${name}-${version}.jar`), file)
  } finally {
    await rm(own, { recursive: true, force: true })
  }
  return file
}
