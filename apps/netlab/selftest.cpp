#include "apps/netlab/selftest.hpp"
namespace pliant::netlab {
int selftest(bool) {
  return 0;
}
}  // namespace pliant::netlab
