// pliant_netlab: an emulated network for experiments. It makes hosts with real TCP/IP stacks on this machine.
// Their links have rates, delays and queues that change. It runs any MPI program unmodified.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "apps/netlab/channel.hpp"
#include "apps/netlab/folder.hpp"
#include "apps/netlab/inside.hpp"
#include "apps/netlab/journal.hpp"
#include "apps/netlab/options.hpp"
#include "apps/netlab/run.hpp"
#include "apps/netlab/selftest.hpp"
#include "apps/netlab/statistics.hpp"
#include "apps/netlab/trace_group.hpp"
#include "apps/netlab/unsupported.hpp"
#include "apps/support/command_line.hpp"
#include "core/error.hpp"

namespace {

using namespace pliant;
using namespace pliant::netlab;

int up(const Options& options) {
  LabOptions lab_options = options.run.lab;
  lab_options.outlives = true;
  const Lab lab = Lab::start(lab_options);
  ask(lab.socket(), {{"do", "start"}});
  std::cout << "export PLIANT_NETLAB=" << lab.socket().native() << std::endl;
  return 0;
}

int exec(const Options& options) {
  return run_inside(find_lab(options.lab), options.target, options.program);
}

int set(const Options& options) {
  ask(find_lab(options.lab), {{"do", "set"}, {"target", options.target}, {"settings", options.settings}});
  return 0;
}

int stats(const Options& options) {
  const Answer answer = ask(find_lab(options.lab), {{"do", "stats"}});
  std::cout << (options.json ? answer.json.dump() + "\n" : statistics_text(answer.json)) << std::flush;
  return 0;
}

std::vector<JournalEntry> journal(const Options& options) {
  if (!options.from.empty()) {
    std::ifstream file(options.from);
    return read_journal(file, options.from);
  }
  std::stringstream lines;
  const Answer answer = ask(find_lab(options.lab), {{"do", "log"}});
  for (const auto& entry : answer.json["entries"]) lines << entry.dump() << "\n";
  return read_journal(lines, "log");
}

int log(const Options& options) {
  const std::vector<JournalEntry> entries = journal(options);
  if (!options.into.empty()) {
    write_network_group(entries, options.into);
  } else if (options.json) {
    for (const JournalEntry& entry : entries) std::cout << json_of(entry).dump() << "\n";
  } else {
    std::cout << text_of(entries);
  }
  return 0;
}

/// Waits until the lab's first process is gone, and with it all others.
int down(const Options& options) {
  const std::filesystem::path socket = find_lab(options.lab);
  ucred peer{};
  socklen_t length = sizeof peer;
  {
    const Descriptor connection = connect_to(socket);
    check_system(getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length), "finding the lab");
  }
  const Descriptor end = watch_process(peer.pid);
  ask(socket, {{"do", "down"}});
  pollfd event{end.get(), POLLIN, 0};
  poll(&event, 1, -1);
  return 0;
}

struct Command {
  std::string_view name;
  int (*execute)(const Options&);
};

constexpr std::array kCommands = {
    Command{"run", [](const Options& options) { return run(options.run); }},
    Command{"up", up},
    Command{"exec", exec},
    Command{"set", set},
    Command{"stats", stats},
    Command{"log", log},
    Command{"down", down},
    Command{"selftest", [](const Options& options) { return selftest(options.quick); }},
};

/// Runs as `rsh [-options] HOST COMMAND...` through the lab's link: a launcher's remote shell.
int remote_shell(int argc, char** argv) {
  int next = 1;
  while (next < argc && argv[next][0] == '-') next += std::string_view(argv[next]) == "-l" ? 2 : 1;
  if (next + 1 >= argc)
    throw Error(ErrorClass::argument, "no host or no command", "called as rsh HOST COMMAND", "Pass both");
  std::string command;
  for (int i = next + 1; i < argc; ++i) command.append(i == next + 1 ? "" : " ").append(argv[i]);
  return run_inside(find_lab(""), argv[next], {"/bin/sh", "-c", command});
}

/// Runs as `rank PROGRAM...` through the lab's link: a launcher calls it on the host of the new rank.
[[noreturn]] void begin_rank(int argc, char** argv) {
  if (argc < 2) throw Error(ErrorClass::argument, "no program", "called as rank PROGRAM ARGS", "Pass one");
  ask(find_lab(""), {{"do", "arrive"}});
  become({argv + 1, argv + argc});
}

int execute(int argc, char** argv) {
  if (std::filesystem::path(argv[0]).filename() == kRemoteShell) return remote_shell(argc, argv);
  if (std::filesystem::path(argv[0]).filename() == kRank) begin_rank(argc, argv);
  Options options;
  if (const auto status = parse_options(argc, argv, options)) return *status;
  return std::ranges::find(kCommands, options.command, &Command::name)->execute(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return execute(argc, argv);
  } catch (const Unsupported& missing) {
    std::cerr << "pliant_netlab: " << missing.what() << "\n";
    return kUnsupportedStatus;
  } catch (const Error& error) {
    std::cerr << "pliant_netlab: " << error.what() << "\n";
    return error.error_class() == ErrorClass::argument ? apps::kUsageStatus : apps::kRefusedStatus;
  } catch (const Refusal& refusal) {
    std::cerr << "pliant_netlab: " << refusal.what() << "\n";
    return refusal.is_argument() ? apps::kUsageStatus : apps::kRefusedStatus;
  } catch (const std::exception& error) {
    std::cerr << "pliant_netlab: " << error.what() << "\n";
    return apps::kRefusedStatus;
  }
}
