// Handles accesses to unmapped memory, mainly the stacks' guards: they end the launch, not the program.
#pragma once

#include <csignal>
#include <memory>

namespace pliant::simt {

/// While alive, directs SIGSEGV and SIGBUS to scheduler().abandon_at().
class FaultCatcher {
 public:
  FaultCatcher();
  FaultCatcher(const FaultCatcher&) = delete;
  FaultCatcher& operator=(const FaultCatcher&) = delete;
  ~FaultCatcher();

 private:
  std::unique_ptr<char[]> stack_;  // the handler cannot stand on a stack that is full
  stack_t old_stack_{};
  struct sigaction old_segv_ {};
  struct sigaction old_bus_ {};
};

}  // namespace pliant::simt
