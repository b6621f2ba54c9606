import { classifyMessage, classifyMethod } from '@warren/policy'
import { describe, expect, test } from 'vitest'

describe('methods', () => {
  test.for([
    {
      action: 'list',
      methods: [
        'initialize',
        'server/discover',
        'tools/list',
        'resources/list',
        'resources/templates/list',
        'prompts/list',
      ],
    },
    {
      action: 'read',
      methods: [
        'resources/read',
        'resources/subscribe',
        'resources/unsubscribe',
        'prompts/get',
        'completion/complete',
        'subscriptions/listen',
        'logging/setLevel',
        'tasks/get',
        'tasks/result',
        'tasks/list',
        'tasks/tomorrow',
      ],
    },
    {
      action: 'call',
      methods: [
        'tasks/cancel',
        'Tools/call',
        'tools/call ',
        'tools/calls',
        'resources/write',
        'sampling/createMessage',
        '',
        '__proto__',
        'constructor',
        'pinging',
      ],
    },
  ])('$action on the server: $methods', { tags: ['POL-10'] }, ({ action, methods }) => {
    for (const method of methods)
      expect({ method, ...Object(classifyMethod(method, undefined)) }).toEqual({ method, action })
  })

  test('a tool call names its tool exactly as the message spells it', { tags: ['POL-10'] }, () => {
    expect(classifyMethod('tools/call', { name: 'a/B "c"', arguments: {} })).toEqual({
      action: 'call',
      tool: 'a/B "c"',
    })
    expect(classifyMethod('tools/call', { name: '' })).toEqual({ action: 'call', tool: '' })
  })

  test.for([
    undefined,
    null,
    'name',
    ['name'],
    {},
    { name: null },
    { name: 1 },
    { name: ['x'] },
    { name: { name: 'x' } },
  ])('a tool call with the parameters %j is malformed', { tags: ['POL-10'] }, (params) => {
    expect(classifyMethod('tools/call', params)).toBe('malformed')
  })

  test.for([
    'ping',
    'notifications/initialized',
    'notifications/cancelled',
    'notifications/tomorrow',
  ])('%s belongs to the session', { tags: ['POL-10'] }, (method) => {
    expect(classifyMethod(method, undefined)).toBe('session')
  })
})

describe('messages', () => {
  test.for([
    { message: { jsonrpc: '2.0', id: 1, result: {} }, expected: 'session' },
    {
      message: { jsonrpc: '2.0', method: 'notifications/progress', params: {} },
      expected: 'session',
    },
    {
      message: { jsonrpc: '2.0', id: 1, method: 'notifications/progress' },
      expected: { action: 'call' },
    },
    {
      message: { jsonrpc: '2.0', id: null, method: 'notifications/progress' },
      expected: { action: 'call' },
    },
    {
      message: { jsonrpc: '2.0', method: 'tools/call', params: { name: 'x' } },
      expected: { action: 'call', tool: 'x' },
    },
    { message: { jsonrpc: '2.0', id: 1, method: 7 }, expected: 'malformed' },
    { message: { jsonrpc: '2.0', id: 1, method: null }, expected: 'malformed' },
    { message: { jsonrpc: '2.0', id: 1, method: 'tools/call' }, expected: 'malformed' },
  ])('$message is $expected', { tags: ['POL-10'] }, ({ message, expected }) => {
    expect(classifyMessage(message)).toEqual(expected)
  })
})
