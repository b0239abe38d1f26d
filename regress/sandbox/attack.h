/* SPDX-License-Identifier: ISC */

#ifndef ATTACK_H
#define ATTACK_H

/*
 * attack_hook: in a build for tests only: act as an attacker would who has
 * taken front over, where the client's name asks for it: "attack.NAME.PID".
 */
void	attack_hook(const char *);

#endif
