/** What the board knows. heardAt: when (performance.now) the server last spoke; at: its clock then; day: when the day that
 *  is counted began and ends; lately: since when "now" is. */
export const state = { queues: new Map(), agents: new Map(), calls: new Map(), pbxes: [], at: 0, figuresAt: 0, day: [0, 0], lately: 0, heardAt: -Infinity };
