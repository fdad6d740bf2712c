import * as business from './business.ts'
import * as shops from './shops.ts'
import type { Avro } from './types.ts'
import * as web from './web.ts'

export interface Quickstart {
  readonly key: string
  /** The schema in Avro's JSON form; made when asked for. */
  readonly schema: () => Avro
}

const table: readonly (readonly [name: string, key: string, schema: () => Avro])[] = [
  ['campaign_finance', 'candidate_id', business.campaignFinance],
  ['clickstream', 'ip', web.clickstream],
  ['clickstream_codes', 'code', web.clickstreamCodes],
  ['clickstream_users', 'user_id', web.clickstreamUsers],
  ['credit_cards', 'card_id', business.creditCards],
  ['device_information', 'device_ip', shops.deviceInformation],
  ['fleet_mgmt_description', 'vehicle_id', web.fleetDescription],
  ['fleet_mgmt_location', 'vehicle_id', web.fleetLocation],
  ['fleet_mgmt_sensors', 'vehicle_id', web.fleetSensors],
  ['gaming_games', 'id', web.gamingGames],
  ['gaming_player_activity', 'player_id', web.gamingPlayerActivity],
  ['gaming_players', 'player_id', web.gamingPlayers],
  ['insurance_customer_activity', 'activity_id', business.insuranceCustomerActivity],
  ['insurance_customers', 'customer_id', business.insuranceCustomers],
  ['insurance_offers', 'offer_id', business.insuranceOffers],
  ['inventory', 'id', shops.inventory],
  ['orders', 'orderid', shops.orders],
  ['pageviews', 'viewtime', web.pageviews],
  ['payroll_bonus', 'employee_id', business.payrollBonus],
  ['payroll_employee', 'employee_id', business.payrollEmployee],
  ['payroll_employee_location', 'employee_id', business.payrollEmployeeLocation],
  ['pizza_orders', 'store_id', shops.pizzaOrders],
  ['pizza_orders_cancelled', 'store_id', shops.pizzaOrdersCancelled],
  ['pizza_orders_completed', 'store_id', shops.pizzaOrdersCompleted],
  ['product', 'id', shops.product],
  ['purchases', 'id', shops.purchases],
  ['ratings', 'rating_id', web.ratings],
  ['shoe_clickstream', 'product_id', shops.shoeClickstream],
  ['shoe_customers', 'id', shops.shoeCustomers],
  ['shoe_orders', 'order_id', shops.shoeOrders],
  ['shoes', 'id', shops.shoes],
  ['siem_logs', 'hostname', web.siemLogs],
  ['stock_trades', 'symbol', business.stockTrades],
  ['stores', 'store_id', business.stores],
  ['syslog_logs', 'host', web.syslogLogs],
  ['transactions', 'transaction_id', business.transactions],
  ['users', 'userid', web.users],
  ['users_', 'userid', web.usersWithContacts],
]

/** The quickstarts by name. */
export const quickstarts: ReadonlyMap<string, Quickstart> = new Map(
  table.map(([name, key, schema]) => [name, { key, schema }]),
)

export const quickstartNames: readonly string[] = [...quickstarts.keys()]
