# SPDX-License-Identifier: ISC
"""The real programs of Debian, each on loopback, in the foreground, with a private configuration below the stage's
folder.  Nothing of the machine's own services is touched, and no service manager is needed."""
from .account import Account
from .apache import Apache
from .chromium import Chromium
from .cups import Cups
from .dovecot import PASSWORD, USER, Dovecot
from .gateway import WHO, ApacheGateway, HaproxyGateway, SquidForwarder, delivered
from .h2_proxies import H2Apache, H2Haproxy, Nghttpx, before_all, each_of_them
from .haproxy import Haproxy
from .inn import GROUP, Inn
from .kerberos import Kerberos
from .login import Basic, Digest, Negotiate, Ntlm, knows_ntlm
from .mailbox import Mailbox
from .mbsync import Mbsync
from .microsocks import Microsocks
from .newsreader import Newsreader, doubled, single
from .node import Node
from .postfix import Postfix
from .slrnpull import Slrnpull
from .squid import Squid
from .stunnel import Stunnel
from .syslog import Syslog
from .text import article, body_of, hard, letter
from .through import through
from .tinyproxy import Tinyproxy
from .web import Web
from .written import WrittenApache, WrittenHaproxy, WrittenSquid

__all__ = ["Account", "Apache", "ApacheGateway", "Basic", "Chromium", "Cups", "Digest", "Dovecot", "GROUP", "H2Apache",
           "H2Haproxy", "Haproxy", "HaproxyGateway", "Inn", "Kerberos", "Mailbox", "Mbsync", "Microsocks", "Negotiate",
           "Newsreader", "Nghttpx", "Node", "Ntlm", "PASSWORD", "Postfix", "Slrnpull", "Squid", "SquidForwarder",
           "Stunnel", "Syslog", "Tinyproxy", "USER", "WHO", "Web", "WrittenApache", "WrittenHaproxy", "WrittenSquid",
           "article", "before_all", "body_of", "delivered", "doubled", "each_of_them", "hard", "knows_ntlm", "letter",
           "single", "through"]
