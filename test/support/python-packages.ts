import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder, hasProgram } from './maven-artifact.ts'

const run = promisify(execFile)

/**
 * A folder for `PYTHONPATH` that has these packages (`name==version`) and what they need, fetched with pip once and kept in
 * the cache folder; or, as a text, why there is none.
 */
export async function pythonPackages(
  name: string,
  packages: readonly string[],
): Promise<{ path: string } | { missing: string }> {
  if (!(await hasProgram('python3', '--version'))) return { missing: 'there is no python3' }
  const path = join(cacheFolder(), name)
  try {
    await access(path)
    return { path }
  } catch {
    if (!(await hasProgram('python3', '-m', 'pip', '--version'))) return { missing: 'there is no pip to fetch it with' }
  }
  await mkdir(cacheFolder(), { recursive: true })
  // Test files run side by side: each fetches into a folder of its own, and only a whole one gets the final name.
  const own = await mkdtemp(join(cacheFolder(), 'fetch-'))
  try {
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', join(own, 'packages'), ...packages])
    await rename(join(own, 'packages'), path)
    return { path }
  } catch (error) {
    return { missing: `pip could not fetch it: ${error instanceof Error ? error.message : String(error)}` }
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}
