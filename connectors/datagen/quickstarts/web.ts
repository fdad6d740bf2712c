import { address, addresses, cities, familyName, fullName, givenName, person } from './people.ts'
import { type Avro, count, instants, numbered, oneOf, range, record, regex, rows, times } from './types.ts'

const user = (more: Record<string, Avro> = {}): Avro =>
  record('ksql.users', {
    registertime: range('long', 1_487_715_775_521, 1_519_273_364_600),
    userid: regex('User_[1-9]'),
    regionid: regex('Region_[1-9]'),
    gender: oneOf('string', ['MALE', 'FEMALE', 'OTHER']),
    ...more,
  })

export const users = (): Avro => user()

export const usersWithContacts = (): Avro =>
  user({
    interests: {
      type: 'array',
      items: 'string',
      'arg.properties': {
        options: [
          ['Games', 'News'],
          ['Games', 'Sport'],
          ['Movies', 'News'],
          ['Movies', 'Travel'],
        ],
      },
    },
    contactinfo: {
      type: 'map',
      values: 'string',
      'arg.properties': {
        options: cities.map((city, i) => ({
          phone: `555-01${10 + i}`,
          city,
          state: `S${i + 1}`,
          zipcode: String(10_000 + i),
        })),
      },
    },
  })

export const pageviews = (): Avro =>
  record('ksql.pageviews', {
    viewtime: count('long', 1, 10),
    userid: regex('User_[1-9]'),
    pageid: regex('Page_[1-9][0-9]'),
  })

export const ratings = (): Avro =>
  record('ksql.ratings', {
    rating_id: count('long', 1),
    user_id: range('int', -1, 20),
    stars: range('int', 1, 5),
    route_id: range('int', 1, 9999),
    rating_time: count('long', 1, 12),
    channel: oneOf('string', ['android', 'iOS', 'iOS-test', 'ios', 'web']),
    message: oneOf('string', [
      'The crew was kind, the seats were not.',
      'On time, at last.',
      'My bag saw more of the world than I did.',
      'Would fly again.',
      'Never again.',
    ]),
  })

export const clickstream = (): Avro =>
  record('clickstream.events', {
    ip: oneOf('string', addresses),
    userid: range('int', 1, 40),
    remote_user: oneOf('string', ['-']),
    time: numbered(''),
    _time: count('long', 1),
    request: oneOf('string', [
      'GET /index.html HTTP/1.1',
      'GET /images/logo.png HTTP/1.1',
      'GET /site/login.html HTTP/1.1',
      'GET /site/user_status.html HTTP/1.1',
    ]),
    status: oneOf('string', ['200', '302', '404', '405', '406', '407']),
    bytes: oneOf('string', ['278', '1289', '2048', '4096', '4006', '14096']),
    referrer: oneOf('string', ['-']),
    agent: oneOf('string', ['Mozilla/5.0 (compatible; ExampleBot/1.0)', 'Mozilla/5.0 (X11; Linux x86_64)']),
  })

export const clickstreamCodes = (): Avro =>
  rows(
    'clickstream.codes',
    { code: 'int', definition: 'string' },
    Object.entries({
      200: 'Successful',
      302: 'Redirect',
      404: 'Page not found',
      405: 'Method not allowed',
      406: 'Not acceptable',
      407: 'Proxy authentication required',
    }).map(([code, definition]) => ({ code: Number(code), definition })),
  )

export const clickstreamUsers = (): Avro =>
  record('clickstream.users', {
    user_id: count('int', 1),
    username: regex('[a-z]{4,7}_[0-9]{2}'),
    registered_at: range('long', 1_407_645_330_000, 1_502_339_792_000),
    first_name: givenName(),
    last_name: familyName(),
    city: oneOf('string', cities),
    level: oneOf('string', ['Gold', 'Platinum', 'Silver']),
  })

export const gamingGames = (): Avro =>
  record('gaming.gaming_games', {
    id: range('int', 1000, 5000),
    room_name: oneOf(
      'string',
      ['Arcade', 'Racing', 'Strategy'].flatMap((kind) =>
        ['Rookie', 'Skilled', 'Expert'].map((level) => `${kind} -- ${level}`),
      ),
    ),
    created_date: instants(100_000),
  })

export const gamingPlayers = (): Avro =>
  rows(
    'gaming.gaming_players',
    { player_id: 'int', player_name: 'string', ip: 'string' },
    addresses.map((ip, i) => ({ player_id: 1001 + i, player_name: `${person(i).given} ${person(i).family}`, ip })),
  )

export const gamingPlayerActivity = (): Avro =>
  record('gaming.gaming_player_activity', {
    player_id: range('int', 1001, 1101),
    game_room_id: range('int', 1000, 5000),
    points: range('int', 10, 500),
    coordinates: regex('\\[[0-9][0-9],[0-9][0-9]\\]'),
  })

export const fleetDescription = (): Avro =>
  record('fleet_mgmt.fleet_mgmt_description', {
    vehicle_id: range('int', 1000, 9999),
    driver_name: fullName(),
    license_plate: regex('[A-Z]{2}\\d{6}[A-Z]'),
  })

export const fleetLocation = (): Avro =>
  record('fleet_mgmt.fleet_mgmt_location', {
    vehicle_id: range('int', 1000, 9999),
    location: record('location', { latitude: range('double', -90, 90), longitude: range('double', -180, 180) }),
    ts: instants(100_000),
  })

export const fleetSensors = (): Avro =>
  record('fleet_mgmt.fleet_mgmt_sensors', {
    vehicle_id: range('int', 1000, 9999),
    engine_temperature: range('int', 150, 250),
    average_rpm: range('int', 1800, 5000),
  })

const endpoint = (name: string): Avro => record(name, { ip: address(), port: range('int', 10_000, 65_536) })

export const siemLogs = (): Avro =>
  record('siem_logs.siem_logs', {
    hostname: address(),
    action: oneOf('string', ['allow', 'deny']),
    l4: oneOf('string', ['tcp']),
    access_group: oneOf(
      'string',
      times(5, (i) => `group-${i + 1}`),
    ),
    source: endpoint('source'),
    destination: endpoint('destination'),
  })

export const syslogLogs = (): Avro =>
  record('syslogs.syslog_logs', {
    name: regex('[a-zA-Z]{5,8}'),
    type: oneOf('string', ['CEF', 'RFC3164', 'RFC5424', 'UNKNOWN']),
    message: regex('[a-z ]{10,15}'),
    host: oneOf('string', addresses.slice(0, 10)),
    version: oneOf('string', ['3.25.1']),
    tag: oneOf('string', ['.source.s_src']),
    level: range('int', 0, 191),
    facility: oneOf('string', ['authpriv', 'cron', 'syslog']),
    severity: range('int', 0, 8),
    appName: regex('[A-Z]{5,8}'),
    remoteAddress: oneOf('string', addresses.slice(10, 20)),
    rawMessage: regex('[a-z ]{10,15}'),
    processId: regex('[1-9][0-9]{6}'),
    messageId: regex('[1-9][0-9]{2}'),
    deviceVendor: regex('[a-z]{5}'),
    deviceProduct: regex('[a-z]{5}'),
    deviceVersion: oneOf('string', ['1.0', '2.0', '3.0', '4.0', '5.0']),
    ts: count('long', Date.UTC(2021), 100),
  })
