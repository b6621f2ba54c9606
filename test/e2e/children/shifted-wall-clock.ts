import { readFileSync } from 'node:fs'

/** Loaded before a program: its wall clock is off by as many milliseconds as a file says at that moment. */
const { WALL_CLOCK_SHIFT_FILE: file } = process.env
if (file === undefined) throw new Error('WALL_CLOCK_SHIFT_FILE names the file')

const now = Date.now.bind(Date)
Date.now = () => now() + Number(readFileSync(file, 'utf8'))
