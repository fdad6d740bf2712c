import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResponseBudget } from '../../../src/broker/server/response-budget.ts'

test('a fetch gets what it wants while there is room, less as it fills up, and never nothing', () => {
  const budget = new ResponseBudget(1_000_000)
  assert.equal(budget.reserve(300_000), 300_000)
  assert.equal(budget.reserve(1_000_000), 350_000, 'half of what is left')
  budget.add(2_000_000)
  assert.equal(budget.reserve(1_000_000), 65536)
  assert.equal(budget.reserve(100), 100)
})

test('what was given back can be granted again', () => {
  const budget = new ResponseBudget(1_000_000)
  const granted = budget.reserve(500_000)
  budget.add(100_000)
  budget.add(-granted)
  budget.add(-100_000)
  assert.equal(budget.usedBytes, 0)
})
