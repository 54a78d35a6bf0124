import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { workingDevices } from '../src/engine/engine.ts';

/** Chromium and Chrome bring SwiftShader, an adapter in software without half precision, and a loader of Vulkan. */
const folders = ['/usr/lib/chromium', '/opt/google/chrome'];

/** Environment of a process in which WebGPU works: with SwiftShader or, without it, on the machine's own adapter. */
export async function webgpuEnvironment(): Promise<NodeJS.ProcessEnv | undefined> {
  const folder = folders.find((path) => existsSync(join(path, 'vk_swiftshader_icd.json')));
  if (folder) {
    const driver = join(folder, 'vk_swiftshader_icd.json');
    // The second name is that of newer loaders.
    const drivers = { VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver };
    return { ...process.env, ...drivers, LD_LIBRARY_PATH: folder };
  }
  return (await workingDevices()).includes('webgpu') ? process.env : undefined;
}
