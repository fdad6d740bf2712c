#!/usr/bin/env node
// Plain old JavaScript on purpose: it must run on any Node.js, to say or mend that the version is too old.
'use strict'

var fs = require('fs')
var path = require('path')

var NEEDED = 24
var SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
// Threads for files and names, which the broker and all tasks share. A plugin that reads a pipe without a writer, or a file of a
// server that has gone, keeps one for as long as that lasts: with the four that Node has by default, one such task stops all.
var POOL_THREADS = '32'

function main() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
    // From now on a signal waits for what main.ts does about it. By default it would end the process abruptly, or be ignored where
    // this is the first process of a container.
    SIGNALS.forEach(function (signal) {
      process.on(signal, function () {})
    })
    // Read when the first of them is needed, and not again.
    if (!process.env.UV_THREADPOOL_SIZE) process.env.UV_THREADPOOL_SIZE = POOL_THREADS
    require('./compile-cache.cjs')
    var source = path.join(__dirname, 'main.ts')
    require(fs.existsSync(source) ? source : path.join(__dirname, 'main.js'))
    return
  }
  var runtime = bundledRuntime()
  if (!runtime) {
    process.stderr.write(
      'millrace needs Node.js ' +
        NEEDED +
        ' or newer; this is ' +
        process.version +
        '.\n' +
        'Install a newer Node.js, or add the runtime beside millrace: npm install node@' +
        NEEDED +
        '\n',
    )
    process.exit(3)
  }
  reexecute(runtime)
}

/** The runtime that the npm package `node` carries, if it is installed here and new enough. */
function bundledRuntime() {
  var folder = __dirname
  for (;;) {
    var candidate = path.join(folder, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    if (fs.existsSync(candidate)) return candidate
    var parent = path.dirname(folder)
    if (parent === folder) return null
    folder = parent
  }
}

function reexecute(runtime) {
  var child
  // Before there is a child that a signal could leave behind.
  SIGNALS.forEach(function (signal) {
    // A terminal sends SIGINT to both processes by itself; then passing it on would count as the second one.
    process.on(signal, function () {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  })
  child = require('child_process').spawn(runtime, [__filename].concat(process.argv.slice(2)), { stdio: 'inherit' })
  child.on('exit', function (code, signal) {
    if (signal) {
      SIGNALS.forEach(function (each) {
        process.removeAllListeners(each)
      })
      process.kill(process.pid, signal)
    } else {
      process.exit(code === null ? 1 : code)
    }
  })
}

main()
