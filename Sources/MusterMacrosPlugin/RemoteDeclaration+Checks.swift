import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

extension RemoteDeclaration {
  /// Whether the function is where another process finds a type beside it.
  static func checkPlace(of function: FunctionDeclSyntax, in context: some MacroExpansionContext) -> Bool {
    let name = function.name.bareName
    let outer = context.lexicalContext.map { EnclosingType($0) }
    if outer.contains(where: { $0 == nil }) {
      context.complain(
        "what is local cannot be found by another process: move '\(name)' to the top of the file or make it static in a "
          + "type, and pass what it captures",
        at: function.name)
      return false
    }
    if let hidden = outer.compactMap(\.self).first(where: \.access.isPrivate) {
      context.complain(
        "what is in a \(hidden.access.rawValue) type cannot be found by another process: make '\(hidden.name)' internal, "
          + "or move '\(name)' out of it",
        at: function.name)
      return false
    }
    if context.lexicalContext.first?.is(ProtocolDeclSyntax.self) == true {
      context.complain("@Remote cannot be used in a protocol: write it in a type that conforms", at: function.name)
      return false
    }
    guard let type = outer.first ?? nil, !function.modifiers.contains(where: { $0.name.text == "static" }) else {
      return true
    }
    refuseInstanceMethod(function, of: type, in: context)
    return false
  }

  private static func refuseInstanceMethod(
    _ function: FunctionDeclSyntax, of type: EnclosingType, in context: some MacroExpansionContext
  ) {
    let replaced = function.modifiers.map(\.name).first { ["class", "mutating", "nonmutating"].contains($0.text) }
    let token = replaced ?? function.funcKeyword
    let fixed = replaced == nil ? "static func" : "static"
    context.complain(
      replaced?.text == "class"
        ? "@Remote does not know which class would be meant: write `static func`"
        : "@Remote cannot send the instance of a method along: write `static func`, and take the \(type.name) as a "
          + "parameter if it is Codable",
      at: function.name, fix: "write `static func`", replace: token,
      by: token.with(\.tokenKind, .identifier(fixed)))
  }

  /// Whether it is a function with a name and parameters that can be stored.
  static func checkForm(of function: FunctionDeclSyntax, in context: some MacroExpansionContext) -> Bool {
    guard case .identifier = function.name.tokenKind else {
      context.complain("@Remote needs a function with a name: call the operator in one", at: function.name)
      return false
    }
    if let generics = function.genericParameterClause {
      context.complain(
        "@Remote cannot be generic: write `struct \(function.name.bareName.capitalizedFirst)\(generics.trimmed): "
          + "RemoteFunction`, or a function for each type",
        at: generics)
      return false
    }
    return function.signature.parameterClause.parameters.map { check($0, in: context) }.allSatisfy(\.self)
  }

  private static func check(_ parameter: FunctionParameterSyntax, in context: some MacroExpansionContext) -> Bool {
    if parameter.ellipsis != nil {
      var array = parameter
      array.ellipsis = nil
      array.type = TypeSyntax("[\(parameter.type.trimmed)]")
      context.complain(
        "@Remote cannot take a variable number of arguments: take an array", at: parameter.type,
        fix: "write `[\(parameter.type.trimmed)]`", replace: parameter, by: array)
      return false
    }
    guard let attributed = parameter.type.as(AttributedTypeSyntax.self) else { return true }
    let specifiers = attributed.specifiers.map(\.trimmedDescription)
    if specifiers.contains("inout") {
      context.complain(
        "what another process does to an `inout` argument would not come back: return the new value",
        at: attributed, fix: "remove `inout`", replace: parameter.type, by: attributed.baseType.trimmed)
      return false
    }
    if specifiers.contains("isolated") {
      context.complain("an actor cannot travel to another process: remove the isolated parameter", at: attributed)
      return false
    }
    return true
  }
}
