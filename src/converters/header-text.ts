export { parseHeaderText } from '../connect/index.ts'
