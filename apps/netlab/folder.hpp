// A lab's folder: its socket, its lock, and the files that launchers read. Folders of labs that were killed
// with all their processes at once are removed by the next one that starts.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/netlab/descriptor.hpp"

namespace pliant::netlab {

class LabFolder {
 public:
  /// A new folder, locked by this process and its children for as long as one of them lives.
  static LabFolder make();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path socket() const { return path_ / "control"; }
  int lock() const { return lock_.get(); }
  /// A file in it.
  void write(const std::string& name, const std::string& text) const;
  void remove() const;

 private:
  LabFolder(std::filesystem::path path, Descriptor lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  Descriptor lock_;
};

/// Sockets of this user's labs that are up.
std::vector<std::filesystem::path> living_labs();

/// The socket that was named, or that PLIANT_NETLAB names, or of the only lab there is. Throws
/// Error(argument).
std::filesystem::path find_lab(const std::string& named);

}  // namespace pliant::netlab
