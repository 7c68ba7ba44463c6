#include "session/session.h"

#include "../unit.h"

int main(void)
{
    (void)unit_case("session_limits");
    return unit_run();
}
