import { address, addresses, cities, person } from './people.ts'
import {
  type Avro,
  count,
  cyclic,
  days,
  instants,
  numbered,
  oneOf,
  range,
  record,
  regex,
  rows,
  times,
} from './types.ts'

export const orders = (): Avro =>
  record('ksql.orders', {
    ordertime: range('long', 1_487_715_775_521, 1_519_273_364_600),
    orderid: count('int', 0),
    itemid: regex('Item_[1-9][0-9]{0,2}'),
    orderunits: range('double', 0.1, 10),
    address: record('address', {
      city: regex('City_[1-9]{0,2}'),
      state: regex('State_[1-9]{0,2}'),
      zipcode: range('long', 10_000, 99_999),
    }),
  })

export const inventory = (): Avro =>
  record('ksql.inventory', { id: count('long', 0), quantity: count('long', 0), productid: count('long', 0) })

export const product = (): Avro =>
  record('ksql.product', {
    id: count('long', 0),
    name: numbered('product_'),
    description: numbered('description_'),
    price: count('double', 0),
  })

export const purchases = (): Avro =>
  record('datagen.example.purchase', {
    id: count('long', 0),
    item_type: oneOf('string', ['boots', 'coat', 'hat', 'lamp', 'map', 'rope', 'stove', 'tent']),
    quantity: range('long', 1, 10),
    price_per_unit: {
      type: 'bytes',
      logicalType: 'decimal',
      precision: 4,
      scale: 2,
      'arg.properties': { range: { min: 10, max: 50 } },
    },
  })

const pizzaOrder = (name: string, status: string, start: number, step: number, more: Record<string, Avro> = {}): Avro =>
  record(`pizza_orders.${name}`, {
    store_id: range('int', 1, 10),
    store_order_id: count('int', start, step),
    date: days(),
    status: oneOf('string', [status]),
    ...more,
  })

export const pizzaOrders = (): Avro =>
  record('pizza_orders.pizza_orders', {
    store_id: range('int', 1, 10),
    store_order_id: count('int', 1000),
    coupon_code: range('int', 1000, 2000),
    date: days(),
    status: oneOf('string', ['accepted']),
    order_lines: {
      type: 'array',
      'arg.properties': { length: { min: 1, max: 5 } },
      items: rows(
        'order_line',
        { product_id: 'int', category: 'string', quantity: 'int', unit_price: 'double', net_price: 'double' },
        times(100, (i) => ({
          product_id: i,
          category: cyclic(['calzone', 'dessert', 'pizza', 'salad', 'wings'], i),
          quantity: (i % 5) + 1,
          unit_price: 4.5 + (i % 16),
          net_price: ((i % 5) + 1) * (4.5 + (i % 16)),
        })),
      ),
    },
  })

export const pizzaOrdersCancelled = (): Avro => pizzaOrder('pizza_orders_cancelled', 'cancelled', 1001, 2)

export const pizzaOrdersCompleted = (): Avro =>
  pizzaOrder('pizza_orders_completed', 'completed', 1000, 2, {
    rack_time_secs: range('int', 130, 230),
    order_delivery_time_secs: range('int', 1100, 2000),
  })

const shoeId = (i: number): string => `5c0e0000-0000-4000-8000-${String(i).padStart(12, '0')}`
const customerId = (i: number): string => `c0570000-0000-4000-8000-${String(i).padStart(12, '0')}`
const shoeIds = (): Avro => oneOf('string', times(200, shoeId))
const customerIds = (): Avro => oneOf('string', times(143, customerId))

export const shoes = (): Avro =>
  rows(
    'shoes.shoe_product',
    { id: 'string', brand: 'string', name: 'string', sale_price: 'int', rating: 'double' },
    times(200, (i) => ({
      id: shoeId(i),
      brand: cyclic(['Holm & Sons', 'Ito', 'Kaya Outdoor', 'Berg'], i),
      name: `${cyclic(['Trail', 'Road', 'Court'], i)} ${cyclic(['Light', 'Pro', 'Max', 'One', 'Air'], i)} ${i}`,
      sale_price: 4995 + ((i * 500) % 15_000),
      rating: 1 + (i % 40) / 10,
    })),
  )

export const shoeCustomers = (): Avro =>
  rows(
    'shoes.shoe_customers',
    {
      id: 'string',
      first_name: 'string',
      last_name: 'string',
      email: 'string',
      phone: 'string',
      street_address: 'string',
      state: 'string',
      zip_code: 'string',
      country: 'string',
      country_code: 'string',
    },
    times(143, (i) => ({
      id: customerId(i),
      first_name: person(i).given,
      last_name: person(i).family,
      email: person(i).email,
      phone: `555-01${String(i % 100).padStart(2, '0')}`,
      street_address: `${i + 1} ${cyclic(cities, i)} Street`,
      state: `S${(i % 7) + 1}`,
      zip_code: String(10_000 + i * 61),
      country: 'Nowhere',
      country_code: 'XX',
    })),
  )

export const shoeOrders = (): Avro =>
  record('shoes.shoe_orders', {
    order_id: count('int', 1000),
    product_id: shoeIds(),
    customer_id: customerIds(),
    ts: instants(100_000),
  })

export const shoeClickstream = (): Avro =>
  record('shoes.shoe_clickstream', {
    product_id: shoeIds(),
    user_id: customerIds(),
    view_time: range('int', 10, 120),
    page_url: regex('https://shoes\\.example\\.com/product/[a-z]{5}'),
    ip: address(),
    ts: instants(10_000),
  })

export const deviceInformation = (): Avro =>
  record('device_information.device_information', {
    device_ip: oneOf('string', addresses),
    mac_address: regex('02(-[0-9A-F]{2}){5}'),
    owner: oneOf(
      'string',
      times(100, (i) => `${person(i).given} ${person(i).family}`),
    ),
  })
