# The whole program between real and scripted peers.  The kit is theirs alone; what stands in tests/reference serves
# the demonstration, too.

SCENARIO_TESTS = \
	tests/scenario/01-request.py \
	tests/scenario/02-answers.py \
	tests/scenario/03-refusals.py \
	tests/scenario/04-mail-and-news.py \
	tests/scenario/05-commands.py \
	tests/scenario/06-signals.py \
	tests/scenario/07-other-proxies.py \
	tests/scenario/08-demonstration.py \
	tests/scenario/10-answer-head-in-pieces.py \
	tests/scenario/11-answer-head-too-large.py \
	tests/scenario/12-answer-head-malformed.py \
	tests/scenario/13-interim-answers.py \
	tests/scenario/14-not-http.py \
	tests/scenario/15-proxy-leaves-early.py \
	tests/scenario/16-silent-proxy.py \
	tests/scenario/20-name-of-proxy-fails.py \
	tests/scenario/21-dead-addresses.py \
	tests/scenario/22-names-are-shared-and-kept.py \
	tests/scenario/23-srv-targets.py \
	tests/scenario/24-names-of-targets-are-left-to-the-proxy.py \
	tests/scenario/30-client-leaves-while-opening.py \
	tests/scenario/31-client-speaks-early.py \
	tests/scenario/32-slow-readers-and-writers.py \
	tests/scenario/33-bulk-both-ways.py \
	tests/scenario/34-half-close.py \
	tests/scenario/35-reset.py \
	tests/scenario/36-proxy-killed.py \
	tests/scenario/40-descriptors-used-up.py \
	tests/scenario/41-too-many-sessions.py \
	tests/scenario/42-idle-sessions.py \
	tests/scenario/43-connection-storm.py \
	tests/scenario/44-idle-timeout.py \
	tests/scenario/45-keepalive.py \
	tests/scenario/50-check-tells-every-fault.py \
	tests/scenario/51-check-prints-back.py \
	tests/scenario/52-secrets-stay-secret.py \
	tests/scenario/53-listen-addresses.py \
	tests/scenario/54-file-is-no-configuration.py \
	tests/scenario/60-proxies-that-ignore-upgrade.py \
	tests/scenario/61-proxies-that-refuse.py \
	tests/scenario/62-basic-authentication-at-squid.py \
	tests/scenario/63-haproxy-routes-on-upgrade.py \
	tests/scenario/64-dovecot-in-three-protocols.py \
	tests/scenario/65-letters-out-and-back.py \
	tests/scenario/66-articles-posted-and-read.py \
	tests/scenario/67-mbsync.py \
	tests/scenario/68-mail-clients.py \
	tests/scenario/70-try-with-real-servers.py \
	tests/scenario/72-real-proxy-killed.py \
	tests/scenario/75-socket-activation.py \
	tests/scenario/78-same-user.py \
	tests/scenario/90-control-socket.py \
	tests/scenario/91-status.py \
	tests/scenario/92-stop-and-reload.py

TESTS += $(SCENARIO_TESTS)
EXTRA_DIST += $(SCENARIO_TESTS) \
	tests/demo/demo.py \
	tests/demo/own.ini \
	tests/demo/sallyport.ini \
	tests/packages \
	tests/packages-build \
	tests/reference/imap.py \
	tests/reference/nntp.py \
	tests/reference/proxy.py \
	tests/reference/relay.py \
	tests/reference/server.py \
	tests/reference/smtp.py \
	tests/scenario/kit/__init__.py \
	tests/scenario/kit/case.py \
	tests/scenario/kit/checking.py \
	tests/scenario/kit/control.py \
	tests/scenario/kit/daemon.py \
	tests/scenario/kit/nameserver.py \
	tests/scenario/kit/peers.py \
	tests/scenario/kit/process.py \
	tests/scenario/kit/real/__init__.py \
	tests/scenario/kit/real/account.py \
	tests/scenario/kit/real/apache.py \
	tests/scenario/kit/real/dovecot.py \
	tests/scenario/kit/real/haproxy.py \
	tests/scenario/kit/real/inn.py \
	tests/scenario/kit/real/launched.py \
	tests/scenario/kit/real/mailbox.py \
	tests/scenario/kit/real/postfix.py \
	tests/scenario/kit/real/server.py \
	tests/scenario/kit/real/squid.py \
	tests/scenario/kit/real/text.py \
	tests/scenario/kit/real/through.py \
	tests/scenario/kit/real/tinyproxy.py \
	tests/scenario/kit/route.py \
	tests/scenario/kit/stage.py \
	tests/scenario/kit/streams.py \
	tests/scenario/kit/usage.py
