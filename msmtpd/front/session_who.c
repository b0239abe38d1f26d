/* SPDX-License-Identifier: ISC */
/* session_who: the client's user, whom the kernel or the parent names. */

#include <sys/socket.h>

#include <string.h>

#include "address.h"
#include "peer.h"
#include "session.h"
#include "session_int.h"

static struct peer	*parent;

void
session_who_init(struct peer *peer)
{
	parent = peer;
}

/* Ask for the user of a TCP connection.  Returns false where that cannot be
 * asked. */
static bool
who_ask(struct session *s, const struct sockaddr_storage *client,
    const struct sockaddr_storage *local)
{
	const struct sockaddr_in6	*sin6 = (const void *)client;
	struct sockaddr_storage		 own;
	socklen_t			 len = sizeof(own);
	struct imsg_who			 who;

	memset(&who, 0, sizeof(who));
	if (!address_take(&who.client, &who.client_port, client))
		return (false);
	if (local == NULL && getsockname(s->fd, (struct sockaddr *)&own,
	    &len) == -1)
		return (false);
	if (!address_take(&who.local, &who.local_port, local != NULL ? local :
	    &own))
		return (false);
	if (IN6_IS_ADDR_LINKLOCAL(&who.client))
		who.scope = sin6->sin6_scope_id;
	return (peer_send(parent, IMSG_WHO, s->id.session, -1, &who,
	    sizeof(who)) == 0);
}

/* The user who has connected a UNIX socket. */
static void
who_peer(struct session *s)
{
	struct ucred	 cred;
	socklen_t	 len = sizeof(cred);

	if (getsockopt(s->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1 ||
	    cred.uid == (uid_t)-1)
		return;
	s->client.known = true;
	s->client.uid = cred.uid;
}

void
session_who(struct session *s, const struct sockaddr_storage *client,
    const struct sockaddr_storage *local)
{
	s->unknown = who_ask(s, client, local);
	if (client->ss_family == AF_UNIX)
		who_peer(s);
	if (!s->unknown)
		session_known(s);
}

void
session_user(uint32_t number, const struct imsg_user *user)
{
	struct session	*s;

	if ((s = session_find(number)) == NULL || !s->unknown)
		return;
	s->client.known = user->known;
	s->client.uid = user->uid;
	session_known(s);
	session_resume(s);
}
