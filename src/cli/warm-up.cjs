// Runs once after `npm ci` (script "prepare"): starts Millrace on free ports, has it start a task thread, and stops it again,
// which fills the compile cache, so that the first start is as quick and as small as every other. What connectors load when a
// task starts is compiled beside it. Whatever goes wrong here goes wrong without consequence.
'use strict'

var fs = require('fs')
var http = require('http')
var os = require('os')
var path = require('path')
var spawn = require('child_process').spawn

var LIMIT_MS = 20000

if (Number(process.versions.node.split('.')[0]) >= 24) {
  startAndStop()
  require('./compile-cache.cjs')
  loadConnectors()
}

function startAndStop() {
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
    var ready = /"rest":\["([^"]+)".*Millrace is ready/.exec(chunk.toString())
    if (ready === null) return
    function stop() {
      child.kill('SIGTERM')
    }
    // A thread is started to list its plugins.
    http
      .get(new URL('connector-plugins', ready[1]), function (response) {
        response.resume().on('close', stop)
      })
      .on('error', stop)
  })
  child.on('error', function () {})
  child.on('close', function () {
    clearTimeout(timer)
    fs.rmSync(folder, { recursive: true, force: true })
  })
}

function loadConnectors() {
  var connectors = path.join(__dirname, '../../connectors')
  fs.readdirSync(connectors, { recursive: true }).forEach(function (name) {
    if (/\.[jt]s$/.test(name)) import(path.join(connectors, name)).catch(function () {})
  })
}
