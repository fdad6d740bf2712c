import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BudgetHolder, RequestBudget } from '../../../src/broker/server/request-budget.ts'

class Holder implements BudgetHolder {
  resumed = 0
  expired = 0
  resume(): void {
    this.resumed++
  }
  expire(): void {
    this.expired++
  }
}

test('below the limit everybody may read', () => {
  const budget = new RequestBudget(100)
  budget.add(100)
  assert.equal(budget.mayRead(new Holder()), true)
})

test('above the limit one unfinished request at a time may go on; the next follows when it is done', () => {
  const budget = new RequestBudget(100)
  const [first, second, third] = [new Holder(), new Holder(), new Holder()]
  budget.add(101)
  assert.equal(budget.mayRead(first), true)
  assert.equal(budget.mayRead(second), false)
  assert.equal(budget.mayRead(third), false)
  assert.equal(budget.mayRead(first), true, 'it stays the one')
  budget.done(first)
  assert.deepEqual([second.resumed, third.resumed], [1, 0])
  assert.equal(budget.mayRead(second), true)
  budget.done(second)
  assert.equal(third.resumed, 1)
  budget.done(third)
})

test('all go on once there is room again', () => {
  const budget = new RequestBudget(100)
  const [first, second, third] = [new Holder(), new Holder(), new Holder()]
  budget.add(150)
  for (const holder of [first, second, third]) budget.mayRead(holder)
  budget.add(-50)
  assert.deepEqual([first.resumed, second.resumed, third.resumed], [0, 1, 1])
  assert.equal(budget.heldBytes, 100)
})

test('a holder that does not finish while others wait is given up after 30 seconds', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const budget = new RequestBudget(100)
  const holder = new Holder()
  budget.add(101)
  budget.mayRead(holder)
  context.mock.timers.tick(29999)
  assert.equal(holder.expired, 0)
  context.mock.timers.tick(1)
  assert.equal(holder.expired, 1)
})
