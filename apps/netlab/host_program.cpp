#include "apps/netlab/host_program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <exception>
#include <iostream>

#include "apps/netlab/inside.hpp"
#include "apps/netlab/units.hpp"

namespace pliant::netlab {

HostProgram::HostProgram(const std::filesystem::path& socket, const std::string& host,
                         const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  check_system(pipe2(ends.data(), O_CLOEXEC), "making a pipe");
  output_ = Descriptor(ends[0]);
  const Descriptor writing(ends[1]);
  process_ = check_system(fork(), "starting " + command.front());
  if (process_ != 0) return;
  int status = 1;
  try {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    check_system(dup2(writing.get(), STDOUT_FILENO), "redirecting " + command.front());
    status = run_inside(socket, host, command);
  } catch (const std::exception& error) {
    std::cerr << "pliant_netlab: " << error.what() << std::endl;
  }
  _exit(status);
}

HostProgram::~HostProgram() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

std::string HostProgram::output() {
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t bytes = 0; (bytes = read(output_.get(), part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(bytes));
  waitpid(process_, nullptr, 0);
  process_ = -1;
  return text;
}

void wait_s(double seconds) {
  const TimeNs ns = to_ns(seconds);
  const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
  nanosleep(&time, nullptr);
}

}  // namespace pliant::netlab
