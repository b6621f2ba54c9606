import { lockDirectory } from '@warren/storage'

const [directory = ''] = process.argv.slice(2)
lockDirectory(directory)
process.stdout.write('locked\n')
process.stdin.resume()
