// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "program",
  dependencies: [.package(path: "../muster")],
  targets: [.executableTarget(name: "Program", dependencies: [.product(name: "Muster", package: "muster")])]
)
