#include "apps/netlab/wakefulness.hpp"

#include <sched.h>

namespace pliant::netlab {

void Wakefulness::begin() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor)
    if (CPU_ISSET(processor, &allowed)) threads_.emplace_back([this, processor] { live(processor); });
}

void Wakefulness::keep(bool awake) {
  if (awake_.load(std::memory_order_relaxed) == awake) return;
  awake_.store(awake);
  awake_.notify_all();
}

void Wakefulness::live(int processor) {
  cpu_set_t own;
  CPU_ZERO(&own);
  CPU_SET(processor, &own);
  const sched_param none{};
  if (sched_setaffinity(0, sizeof own, &own) != 0 || sched_setscheduler(0, SCHED_IDLE, &none) != 0) return;
  while (true) {
    awake_.wait(false);
    while (awake_.load(std::memory_order_relaxed)) sched_yield();
  }
}

}  // namespace pliant::netlab
