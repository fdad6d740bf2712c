// Runs once after `npm ci` (script "prepare"): starts Millrace on free ports and stops it again, which fills the compile cache,
// so that the first start is as quick and as small as every other. Whatever goes wrong here goes wrong without consequence.
'use strict'

var fs = require('fs')
var os = require('os')
var path = require('path')
var spawn = require('child_process').spawn

var LIMIT_MS = 20000

if (Number(process.versions.node.split('.')[0]) >= 24) {
  var folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-warm-up-'))
  var overrides = [
    'listeners=http://127.0.0.1:0',
    'broker.listeners=PLAINTEXT://127.0.0.1:0',
    'broker.log.dirs=' + folder,
  ]
  var args = [path.join(__dirname, 'bin.cjs'), 'start']
  overrides.forEach(function (override) {
    args.push('--override', override)
  })
  var child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  var timer = setTimeout(function () {
    child.kill('SIGKILL')
  }, LIMIT_MS)
  child.stdout.on('data', function (chunk) {
    if (chunk.toString().indexOf('Millrace is ready') >= 0) child.kill('SIGTERM')
  })
  child.on('error', function () {})
  child.on('close', function () {
    clearTimeout(timer)
    fs.rmSync(folder, { recursive: true, force: true })
  })
}
