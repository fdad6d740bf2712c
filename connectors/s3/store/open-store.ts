import type { StoreSettings } from '../settings.ts'
import type { ObjectStore, StoreContext } from './object-store.ts'

/** The store that `store.url` names; the code for it is loaded here. */
export async function openStore(settings: StoreSettings, context: StoreContext): Promise<ObjectStore> {
  if (settings.url?.toLowerCase().startsWith('file:')) {
    const { FolderStore } = await import('./folder-store.ts')
    return new FolderStore(settings, context)
  }
  const { S3Store } = await import('./s3-store.ts')
  return new S3Store(settings, context)
}
