#include "tls/tls_client.h"
#include "../unit.h"
int main(void){unit_case("x");return 0;}
