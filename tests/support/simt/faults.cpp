#include "faults.hpp"

#include "scheduler.hpp"

namespace pliant::simt {
namespace {

constexpr std::size_t kHandlerStackBytes = 64 * 1024;

// The fault is synchronous and within a kernel, so leaving the handler for another stack is safe. SA_NODEFER,
// because the handler never returns.
void on_fault(int /*signal*/, siginfo_t* info, void* /*context*/) {
  scheduler().abandon_at(info->si_addr);
}

}  // namespace

FaultCatcher::FaultCatcher() : stack_(new char[kHandlerStackBytes]) {
  stack_t stack{};
  stack.ss_sp = stack_.get();
  stack.ss_size = kHandlerStackBytes;
  sigaltstack(&stack, &old_stack_);
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGSEGV, &action, &old_segv_);
  sigaction(SIGBUS, &action, &old_bus_);
}

FaultCatcher::~FaultCatcher() {
  sigaction(SIGSEGV, &old_segv_, nullptr);
  sigaction(SIGBUS, &old_bus_, nullptr);
  sigaltstack(&old_stack_, nullptr);
}

}  // namespace pliant::simt
