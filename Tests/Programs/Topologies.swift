import Muster

/// Reads this machine, a synthetic one and files, sound and unsound, again and again; the tests look for what stays
/// allocated.
func topologies(_ paths: [String]) {
  for _ in 0..<3 {
    read("this machine") { () throws(ClusterError) in try .thisMachine() }
    for path in paths { read(path) { () throws(ClusterError) in try HardwareTopology(xmlFile: path) } }
    for description in ["package:2 numa:2 core:2 pu:2", "nonsense", "pu:2(indexes=1,65536)"] {
      read(description) { () throws(ClusterError) in try HardwareTopology(synthetic: description) }
    }
  }
}

private func read(_ name: String, _ topology: () throws(ClusterError) -> HardwareTopology) {
  do { print("\(name): \(try topology())") } catch { print("\(name): \(error)") }
}
