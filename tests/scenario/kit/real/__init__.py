"""The real programs of Debian, each on loopback, in the foreground, with a private configuration below the stage's
folder.  Nothing of the machine's own services is touched, and no service manager is needed."""
from .account import Account
from .apache import Apache
from .dovecot import PASSWORD, USER, Dovecot
from .haproxy import Haproxy
from .inn import GROUP, Inn
from .mailbox import Mailbox
from .postfix import Postfix
from .squid import Squid
from .text import body_of, hard, letter
from .through import through
from .tinyproxy import Tinyproxy

__all__ = ["GROUP", "PASSWORD", "USER", "Account", "Apache", "Dovecot", "Haproxy", "Inn", "Mailbox", "Postfix",
           "Squid", "Tinyproxy", "body_of", "hard", "letter", "through"]
