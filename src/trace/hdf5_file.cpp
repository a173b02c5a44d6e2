#include "trace/hdf5_file.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <type_traits>
#include <utility>

#include "trace/hdf5_handle.hpp"

namespace pliant {
namespace {

using hdf5::Handle;
using hdf5::kOpening;
using hdf5::kReading;
using hdf5::kWriting;
using hdf5::OpenFile;
using hdf5::Quiet;

// zlib's limit (its technical notes). No file can hold more bytes than this times its own length, except for
// rows never written. A greater length means damage, and must not cause an allocation.
constexpr double kLargestExpansion = 1032;

Handle with_parents() {
  Handle links(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(links.get(), 1);
  return links;
}

Handle text_type(std::size_t bytes) {
  Handle type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), bytes);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

Handle number_type(bool integer) {
  return Handle(H5Tcopy(integer ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE));
}

template <class T>
hid_t memory_type() {
  if constexpr (std::is_same_v<T, float>) return H5T_NATIVE_FLOAT;
  if constexpr (std::is_same_v<T, double>) return H5T_NATIVE_DOUBLE;
  if constexpr (std::is_same_v<T, std::int64_t>) return H5T_NATIVE_INT64;
}

/// Throws unless the stored type can be read as T without losing digits.
template <class T>
void require_readable(hid_t stored, const OpenFile& file, const std::string& what) {
  const H5T_class_t kind = H5Tget_class(stored);
  const bool text = std::is_same_v<T, std::string> && kind == H5T_STRING && H5Tis_variable_str(stored) == 0;
  const bool integer = std::is_arithmetic_v<T> && !std::is_same_v<T, float> && kind == H5T_INTEGER;
  const bool number = std::is_floating_point_v<T> && kind == H5T_FLOAT;
  if (text || ((integer || number) && H5Tget_size(stored) <= sizeof(T))) return;
  throw file.failure("read " + what, "it is stored as another type", kReading);
}

std::string text_of(const char* field, std::size_t bytes) {
  const void* end = std::memchr(field, 0, bytes);
  return {field, end != nullptr ? static_cast<std::size_t>(static_cast<const char*>(end) - field) : bytes};
}

}  // namespace

std::string hdf5_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
  return "HDF5 " + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

struct Hdf5Column::Impl {
  OpenFile& file;
  std::string path;
  hid_t dataset;               ///< open as long as the file (see OpenFile)
  std::size_t text_bytes = 1;  ///< width of a row of characters
  std::int64_t rows = 0;

  void resize(std::int64_t length);
  void write(std::int64_t first_row, std::size_t count, hid_t type, const void* values);
};

void Hdf5Column::Impl::resize(std::int64_t length) {
  const Quiet quiet;
  const hsize_t extent = static_cast<hsize_t>(length);
  file.usable_id();
  file.wrote(H5Dset_extent(dataset, &extent), "resize dataset " + path);
  rows = length;
}

void Hdf5Column::Impl::write(std::int64_t first_row, std::size_t count, hid_t type, const void* values) {
  if (count == 0) return;
  resize(std::max(rows, first_row + static_cast<std::int64_t>(count)));
  const Quiet quiet;
  const std::string problem = "write dataset " + path;
  const hsize_t start = static_cast<hsize_t>(first_row);
  const hsize_t length = count;
  const Handle there(file.wrote(H5Dget_space(dataset), problem));
  const Handle here(file.wrote(H5Screate_simple(1, &length, nullptr), problem));
  file.wrote(H5Sselect_hyperslab(there.get(), H5S_SELECT_SET, &start, nullptr, &length, nullptr), problem);
  file.wrote(H5Dwrite(dataset, type, here.get(), there.get(), H5P_DEFAULT, values), problem);
}

Hdf5Column::Hdf5Column(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hdf5Column::Hdf5Column(Hdf5Column&&) noexcept = default;
Hdf5Column& Hdf5Column::operator=(Hdf5Column&&) noexcept = default;
Hdf5Column::~Hdf5Column() = default;

std::int64_t Hdf5Column::rows() const {
  return impl_->rows;
}

void Hdf5Column::resize(std::int64_t rows) {
  impl_->resize(rows);
}

void Hdf5Column::write(std::int64_t first_row, std::span<const double> values) {
  impl_->write(first_row, values.size(), H5T_NATIVE_DOUBLE, values.data());
}
void Hdf5Column::write(std::int64_t first_row, std::span<const std::int64_t> values) {
  impl_->write(first_row, values.size(), H5T_NATIVE_INT64, values.data());
}
void Hdf5Column::write(std::int64_t first_row, std::span<const char> values) {
  const Quiet quiet;
  const Handle type = text_type(impl_->text_bytes);  // HDF5 rejects it for a column of numbers
  impl_->write(first_row, values.size() / impl_->text_bytes, type.get(), values.data());
}

Hdf5File::Impl::~Impl() {
  try {
    close();
  } catch (const Error&) {
    // A destructor cannot report the failure.
  }
  if (held && !replaces.empty()) held->remove();
}

hid_t Hdf5File::Impl::make_dataset(const std::string& name, hid_t type, hid_t space, hid_t layout) {
  const Handle parents = with_parents();
  return wrote(H5Dcreate2(usable_id(), name.c_str(), type, space, parents.get(), layout, H5P_DEFAULT),
               "make dataset " + name);
}

/// Number of elements of a 1-D dataset. Throws if the file is too short to hold them.
std::size_t Hdf5File::Impl::length(hid_t dataset, std::size_t element_bytes, const std::string& what) const {
  const Handle space(check(H5Dget_space(dataset), "read " + what, kReading));
  hsize_t count = 0;
  hsize_t file_bytes = 0;
  check(H5Fget_filesize(usable_id(), &file_bytes), "read " + what, kReading);
  const bool line = H5Sget_simple_extent_ndims(space.get()) == 1 &&
                    H5Sget_simple_extent_dims(space.get(), &count, nullptr) == 1;
  const double bytes = static_cast<double>(count) * static_cast<double>(element_bytes);
  if (line && bytes <= kLargestExpansion * static_cast<double>(file_bytes)) return count;
  throw failure("read " + what, "it is not a list of a possible length", kReading);
}

Hdf5File::Hdf5File(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hdf5File::Hdf5File(Hdf5File&&) noexcept = default;
Hdf5File& Hdf5File::operator=(Hdf5File&&) noexcept = default;
Hdf5File::~Hdf5File() = default;

namespace {

OpenFile open_existing(const std::string& path, unsigned flags, const Handle& access) {
  const Quiet quiet;
  OpenFile file{path};
  file.id = H5Fopen(path.c_str(), flags, access.get());
  file.check(file.id, "open it", kOpening);
  return file;
}

}  // namespace

Hdf5File Hdf5File::open(const std::string& path) {
  return Hdf5File(std::make_unique<Impl>(open_existing(path, H5F_ACC_RDONLY, hdf5::file_access())));
}

Hdf5File Hdf5File::open_without_lock(const std::string& path) {
  return Hdf5File(
      std::make_unique<Impl>(open_existing(path, H5F_ACC_RDONLY, hdf5::file_access_without_lock())));
}

Hdf5File Hdf5File::open_to_change(const std::string& path) {
  return Hdf5File(std::make_unique<Impl>(open_existing(path, H5F_ACC_RDWR, hdf5::file_access())));
}

const std::string& Hdf5File::path() const {
  return impl_->path;
}

const std::string& Hdf5File::passed_over() const {
  return impl_->passed_over;
}

void Hdf5File::flush() {
  const Quiet quiet;
  impl_->wrote(H5Fflush(impl_->usable_id(), H5F_SCOPE_LOCAL), "write the data");
}

void Hdf5File::close() {
  impl_->close();
}

void Hdf5File::commit() {
  close();
  // Sync the bytes before the rename, or a power cut leaves neither file.
  std::error_code error = impl_->held->sync_to_disk();
  if (!error) std::filesystem::rename(impl_->path, impl_->replaces, error);
  if (error) throw impl_->failure("rename it to '" + impl_->replaces + "'", error.message(), kWriting);
  impl_->path = std::exchange(impl_->replaces, {});
  impl_->held.reset();
}

void Hdf5File::make_group(const std::string& path) {
  const Quiet quiet;
  const Handle parents = with_parents();
  const Handle group(
      impl_->wrote(H5Gcreate2(impl_->usable_id(), path.c_str(), parents.get(), H5P_DEFAULT, H5P_DEFAULT),
                   "make group " + path));
}

void Hdf5File::remove(const std::string& path) {
  const Quiet quiet;
  impl_->wrote(H5Ldelete(impl_->usable_id(), path.c_str(), H5P_DEFAULT), "remove " + path);
}

Hdf5Column Hdf5File::make_column(const std::string& path, const Hdf5Element& element,
                                 const Hdf5Layout& layout) {
  const Quiet quiet;
  const hsize_t empty = 0;
  const hsize_t unlimited = H5S_UNLIMITED;
  const hsize_t chunk = static_cast<hsize_t>(layout.chunk_rows);
  const Handle space(H5Screate_simple(1, &empty, &unlimited));
  const Handle properties(H5Pcreate(H5P_DATASET_CREATE));
  H5Pset_chunk(properties.get(), 1, &chunk);
  if (layout.compressed && H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0) {
    H5Pset_shuffle(properties.get());
    H5Pset_deflate(properties.get(), 1);
  }
  const bool integer = element.kind == Hdf5Element::Kind::integer;
  const bool text = element.kind == Hdf5Element::Kind::text;
  const std::size_t text_bytes = text ? element.text_bytes : 1;
  const Handle type = text ? text_type(text_bytes) : number_type(integer);
  const hid_t dataset = impl_->make_dataset(path, type.get(), space.get(), properties.get());
  return Hdf5Column(
      std::unique_ptr<Hdf5Column::Impl>(new Hdf5Column::Impl{*impl_, path, dataset, text_bytes}));
}

void Hdf5File::write_attribute(const std::string& object, const std::string& name, const Hdf5Value& value) {
  const Quiet quiet;
  const std::string problem = "write attribute " + name + " of " + object;
  const auto* text = std::get_if<std::string>(&value);
  const bool integer = std::holds_alternative<std::int64_t>(value);
  const Handle type = text != nullptr ? text_type(text->size() + 1) : number_type(integer);
  const void* data = std::visit([](const auto& held) -> const void* { return &held; }, value);
  if (text != nullptr) data = text->c_str();
  const Handle scalar(H5Screate(H5S_SCALAR));
  const Handle attribute(
      impl_->wrote(H5Acreate_by_name(impl_->usable_id(), object.c_str(), name.c_str(), type.get(),
                                     scalar.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                   problem));
  impl_->wrote(H5Awrite(attribute.get(), type.get(), data), problem);
}

template <class T>
void Hdf5File::write(const std::string& path, std::span<const T> values) {
  const Quiet quiet;
  const hsize_t length = values.size();
  const std::string problem = "write dataset " + path;
  const Handle space(H5Screate_simple(1, &length, nullptr));
  const hid_t dataset = impl_->make_dataset(path, memory_type<T>(), space.get(), H5P_DEFAULT);
  if (!values.empty()) {
    impl_->wrote(H5Dwrite(dataset, memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), problem);
  }
  impl_->wrote(H5Dflush(dataset), problem);
  H5Dclose(dataset);
}
template void Hdf5File::write(const std::string&, std::span<const float>);
template void Hdf5File::write(const std::string&, std::span<const double>);
template void Hdf5File::write(const std::string&, std::span<const std::int64_t>);

bool Hdf5File::exists(const std::string& path) const {
  const Quiet quiet;
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    if (H5Lexists(impl_->usable_id(), path.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return path == "/" || H5Lexists(impl_->usable_id(), path.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> Hdf5File::children(const std::string& group) const {
  const Quiet quiet;
  const Handle handle(impl_->check(H5Gopen2(impl_->usable_id(), group.c_str(), H5P_DEFAULT),
                                   "open group " + group, kReading));
  std::vector<std::string> names;
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  impl_->check(H5Literate(handle.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names),
               "list group " + group, kReading);
  return names;
}

template <class T>
T Hdf5File::read_attribute(const std::string& object, const std::string& name) const {
  const Quiet quiet;
  const std::string what = "attribute " + name + " of " + object;
  const Handle attribute(impl_->check(
      H5Aopen_by_name(impl_->usable_id(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
      "read " + what, kReading));
  const Handle stored(H5Aget_type(attribute.get()));
  require_readable<T>(stored.get(), *impl_, what);
  const Handle space(H5Aget_space(attribute.get()));
  if (H5Sget_simple_extent_npoints(space.get()) != 1)
    throw impl_->failure("read " + what, "it is not one value", kReading);
  if constexpr (std::is_same_v<T, std::string>) {
    std::string field(H5Tget_size(stored.get()), '\0');
    impl_->check(H5Aread(attribute.get(), stored.get(), field.data()), "read " + what, kReading);
    return text_of(field.data(), field.size());
  } else {
    T value{};
    impl_->check(H5Aread(attribute.get(), memory_type<T>(), &value), "read " + what, kReading);
    return value;
  }
}
template std::int64_t Hdf5File::read_attribute(const std::string&, const std::string&) const;
template double Hdf5File::read_attribute(const std::string&, const std::string&) const;
template std::string Hdf5File::read_attribute(const std::string&, const std::string&) const;

template <class T>
std::vector<T> Hdf5File::read(const std::string& path) const {
  const Quiet quiet;
  const std::string what = "dataset " + path;
  const Handle dataset(
      impl_->check(H5Dopen2(impl_->usable_id(), path.c_str(), H5P_DEFAULT), "open " + what, kReading));
  const Handle stored(H5Dget_type(dataset.get()));
  require_readable<T>(stored.get(), *impl_, what);
  const std::size_t width = H5Tget_size(stored.get());
  const std::size_t count = impl_->length(dataset.get(), width, what);
  std::vector<T> values(count);
  if constexpr (std::is_same_v<T, std::string>) {
    std::vector<char> fields(count * width);
    impl_->check(H5Dread(dataset.get(), stored.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, fields.data()),
                 "read " + what, kReading);
    for (std::size_t row = 0; row < count; ++row) values[row] = text_of(fields.data() + row * width, width);
  } else {
    impl_->check(H5Dread(dataset.get(), memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
                 "read " + what, kReading);
  }
  return values;
}
template std::vector<float> Hdf5File::read(const std::string&) const;
template std::vector<double> Hdf5File::read(const std::string&) const;
template std::vector<std::int64_t> Hdf5File::read(const std::string&) const;
template std::vector<std::string> Hdf5File::read(const std::string&) const;

}  // namespace pliant
