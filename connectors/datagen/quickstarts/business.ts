import { address, cities, person } from './people.ts'
import { type Avro, count, cyclic, days, oneOf, range, record, regex, rows, times } from './types.ts'

export const campaignFinance = (): Avro =>
  record('datagen.campaign_finance', {
    time: range('long', 1_587_715_775_521, 1_619_273_364_600),
    candidate_id: regex('[A-Z][1-9]{8}'),
    party_affiliation: oneOf('string', ['DEM', 'IND', 'REP']),
    contribution: range('int', 20, 3500),
  })

export const creditCards = (): Avro =>
  rows(
    'datagen.example.users',
    { card_id: 'int', card_number: 'long', cvv: 'int', expiration_date: 'string' },
    times(24, (i) => ({
      card_id: i + 1,
      card_number: 4_000_000_000_000_000 + i * 7919,
      cvv: 101 + i * 31,
      expiration_date: `${String((i % 12) + 1).padStart(2, '0')}/${27 + (i % 5)}`,
    })),
  )

export const transactions = (): Avro =>
  record('datagen.example.transactions', {
    transaction_id: count('long', 1),
    card_id: range('long', 1, 24),
    user_id: regex('User_[1-9]{0,1}'),
    purchase_id: count('long', 0),
    store_id: range('int', 1, 7),
  })

export const stores = (): Avro =>
  rows(
    'datagen.example.stores',
    { store_id: 'int', city: 'string', state: 'string' },
    cities.map((city, i) => ({ store_id: i + 1, city, state: `S${i + 1}` })),
  )

export const stockTrades = (): Avro =>
  record('ksql.StockTrade', {
    side: oneOf('string', ['BUY', 'SELL']),
    quantity: range('int', 1, 5000),
    symbol: oneOf('string', ['ZBZX', 'ZJZZT', 'ZTEST', 'ZVV', 'ZVZZT', 'ZWZZT', 'ZXZZT']),
    price: range('int', 5, 1000),
    account: oneOf('string', ['ABC123', 'LMN456', 'XYZ789']),
    userid: regex('User_[1-9]'),
  })

const customerId = (i: number): number => 100 + i * 7

export const insuranceCustomers = (): Avro =>
  rows(
    'insurance.insurance_customers',
    {
      customer_id: 'int',
      first_name: 'string',
      last_name: 'string',
      email: 'string',
      gender: 'string',
      income: 'int',
      fico: 'int',
      years_active: 'int',
    },
    times(100, (i) => ({
      customer_id: customerId(i),
      first_name: person(i).given,
      last_name: person(i).family,
      email: person(i).email,
      gender: cyclic(['Female', 'Male', 'Other'], i),
      income: 30_000 + ((i * 7919) % 170_000),
      fico: 400 + ((i * 37) % 450),
      years_active: i % 10,
    })),
  )

export const insuranceOffers = (): Avro =>
  rows(
    'insurance.insurance_offers',
    { offer_id: 'int', offer_name: 'string', offer_url: 'string' },
    ['new_home', 'new_car', 'renewal', 'bundle', 'travel'].map((name, i) => ({
      offer_id: i + 1,
      offer_name: `${name}_policy`,
      offer_url: `https://insurance.example.com/offers/${name}`,
    })),
  )

export const insuranceCustomerActivity = (): Avro =>
  record('insurance.insurance_customer_activity', {
    activity_id: count('int', 1),
    customer_id: oneOf('int', times(100, customerId)),
    activity_type: oneOf('string', ['web_open', 'mobile_open', 'new_account']),
    propensity_to_churn: range('double', 0.01, 1),
    ip_address: address(),
  })

export const payrollEmployee = (): Avro =>
  rows(
    'payroll.payroll_employee',
    {
      employee_id: 'int',
      first_name: 'string',
      last_name: 'string',
      age: 'int',
      ssn: 'string',
      hourly_rate: 'int',
      gender: 'string',
      email: 'string',
    },
    times(100, (i) => ({
      employee_id: 1000 + i,
      first_name: person(i).given,
      last_name: person(i).family,
      age: 20 + ((i * 7) % 45),
      ssn: `000-${10 + (i % 90)}-${1000 + i}`,
      hourly_rate: 20 + ((i * 11) % 60),
      gender: cyclic(['Female', 'Male', 'Other'], i),
      email: person(i).email,
    })),
  )

export const payrollEmployeeLocation = (): Avro =>
  record('payroll.payroll_employee_location', {
    employee_id: range('int', 1000, 1100),
    lab: regex('lab-\\d'),
    department_id: range('int', 1, 10),
    arrival_date: days(),
  })

export const payrollBonus = (): Avro =>
  record('payroll.payroll_bonus', {
    employee_id: range('int', 1000, 1100),
    bonus: range('int', 10, 50),
    ts: {
      type: 'long',
      logicalType: 'timestamp-millis',
      'arg.properties': { range: { min: Date.UTC(2021), max: Date.UTC(2022) - 1000 } },
    },
  })
