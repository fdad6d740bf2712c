// Lets Node.js keep what it compiled, and the types that it stripped, for the next start; for this process, its threads and its
// children. Needs Node.js 24.
'use strict'

var fs = require('fs')
var moduleApi = require('module')
var path = require('path')

/** Beside the dependencies where that can be written (see warm-up.cjs), else where Node.js keeps such caches. */
function compileCacheFolder() {
  var dependencies = path.join(__dirname, '../../node_modules')
  try {
    fs.accessSync(dependencies, fs.constants.W_OK)
  } catch {
    return undefined
  }
  return path.join(dependencies, '.cache/millrace/compile')
}

moduleApi.enableCompileCache(compileCacheFolder())
var ownFolder = moduleApi.getCompileCacheDir()
// Threads and children take it from the environment, and add the folder of this version of Node.js to it by themselves.
if (ownFolder) process.env.NODE_COMPILE_CACHE = path.dirname(ownFolder)
