import Muster

/// Reads this machine, a synthetic one and files, sound and unsound, again and again; the tests look for what stays
/// allocated.
@Sendable func topologies(_ paths: [String]) async throws {
  for _ in 0..<3 {
    print("this machine: \(try HardwareTopology.thisMachine())")
    print("synthetic: \(try HardwareTopology(synthetic: "package:2 numa:2 core:2 pu:2"))")
    for path in paths {
      do { print("\(path): \(try HardwareTopology(xmlFile: path))") } catch { print("\(path): \(error)") }
    }
    for description in ["nonsense", "pu:2(indexes=1,65536)"] {
      do { _ = try HardwareTopology(synthetic: description) } catch { print("\(error)") }
    }
  }
}
