/* What no single section of a configuration can say: whether the sections fit together.  It also links them, so that a
 * listener points at its proxy, and a proxy at the one that it is reached through.  Pure but for the environment. */
#ifndef SALLYPORT_CONFIG_CHECK_H
#define SALLYPORT_CONFIG_CHECK_H

#include "config/diagnostics.h"
#include "config/settings.h"

#define CONFIG_CHECK_VIA_MAX 4 /* proxies before a proxy: nobody has more, and a circle is noticed */

/* Links the sections of a configuration that was read to its end; what does not fit goes to complaints. */
void config_check(struct config *config, enum config_use use, struct diagnostics *complaints);

#endif
