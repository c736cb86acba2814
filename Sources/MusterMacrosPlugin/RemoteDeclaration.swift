import SwiftParser
import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// A function that `@Remote` is attached to, as far as it matters for calling it in another process.
struct RemoteDeclaration {
  struct Parameter {
    /// As in a call: `by: `, or nothing.
    let label: String
    /// As in the declaration of a function: `by y`.
    let names: String
    /// The stored property that carries the argument.
    let property: String
    let type: TypeSyntax
    /// ` = 1`, or nothing.
    let defaultValue: String
  }

  /// Without backticks.
  let name: String
  /// How the generated code reaches the function: `square`, `Geometry.area`.
  let reference: String
  let access: Access
  let isStatic: Bool
  let parameters: [Parameter]
  let isAsync: Bool
  /// ` throws`, ` throws(Failure)`, or nothing.
  let throwing: String
  /// Nil: Void.
  let result: TypeSyntax?

  enum Access: String {
    case `private`, `fileprivate`, `internal`, package, `public`

    init(_ modifiers: DeclModifierListSyntax) {
      self = modifiers.lazy.compactMap { Access(rawValue: $0.name.text) }.first ?? .internal
    }

    var isPrivate: Bool { self == .private || self == .fileprivate }
    /// With a space behind it; what is internal does not say so.
    var prefix: String { self == .internal ? "" : rawValue + " " }
  }
}

extension RemoteDeclaration {
  /// Reads a function; reports why it cannot be called in another process.
  init?(_ function: FunctionDeclSyntax, in context: some MacroExpansionContext) {
    guard let reference = Self.reference(of: function, in: context), Self.checkForm(of: function, in: context) else {
      return nil
    }
    let signature = function.signature
    let enclosing = EnclosingType(context.lexicalContext.first)
    let types = signature.parameterClause.parameters.map(\.type) + [signature.returnClause?.type].compactMap(\.self)
    // All of them, so that all is reported at once.
    guard types.map({ TravellingType.check($0, hidden: ["Input", "Output"], in: context) }).allSatisfy(\.self) else {
      return nil
    }
    let name = function.name.bareName
    self.name = name
    self.reference = reference
    access = Access(function.modifiers)
    isStatic = enclosing != nil
    parameters = signature.parameterClause.parameters.map { Parameter($0, of: name, in: enclosing) }
    isAsync = signature.effectSpecifiers?.asyncSpecifier != nil || function.attributes.nameActor
    throwing = (signature.effectSpecifiers?.throwsClause?.trimmedDescription).map { " " + $0 } ?? ""
    let written = signature.returnClause?.type
    result = written.flatMap { $0.isVoid ? nil : $0.replacingSelf(by: enclosing) }
  }

  /// Where the function is, and so how it is called; reports where no type can be found by its name.
  private static func reference(of function: FunctionDeclSyntax, in context: some MacroExpansionContext) -> String? {
    let name = function.name.text
    guard let innermost = context.lexicalContext.first else { return name }
    guard let type = EnclosingType(innermost) else {
      context.complain(
        "a local function cannot be found by another process: move '\(function.name.bareName)' to the top of the file "
          + "or make it static in a type, and pass what it captures",
        at: function.name)
      return nil
    }
    if innermost.is(ProtocolDeclSyntax.self) {
      context.complain("@Remote cannot be used in a protocol: write it in a type that conforms", at: function.name)
      return nil
    }
    for outer in context.lexicalContext {
      guard let outer = EnclosingType(outer), outer.access.isPrivate else { continue }
      context.complain(
        "what is in a \(outer.access.rawValue) type cannot be found by another process: make '\(outer.name)' internal, "
          + "or move '\(function.name.bareName)' out of it",
        at: function.name)
      return nil
    }
    guard function.modifiers.contains(where: { $0.name.text == "static" }) else {
      refuseInstanceMethod(function, of: type, in: context)
      return nil
    }
    return "\(type.name).\(name)"
  }

  private static func refuseInstanceMethod(
    _ function: FunctionDeclSyntax, of type: EnclosingType, in context: some MacroExpansionContext
  ) {
    var modifiers = function.modifiers.filter { !["class", "mutating", "override", "final"].contains($0.name.text) }
    let isFirst = modifiers.isEmpty && function.modifiers.isEmpty
    modifiers.append(
      DeclModifierSyntax(
        leadingTrivia: isFirst ? function.funcKeyword.leadingTrivia : [], name: .keyword(.static),
        trailingTrivia: .space))
    var changed = function
    changed.modifiers = modifiers
    if isFirst { changed.funcKeyword.leadingTrivia = [] }
    let isClassMethod = function.modifiers.contains { $0.name.text == "class" }
    context.complain(
      isClassMethod
        ? "@Remote does not know which class would be meant: write `static func`"
        : "@Remote cannot send the instance of a method along: write `static func`, and take the \(type.name) as a "
          + "parameter if it is Codable",
      at: function.name, fix: "write `static func`", replace: function, by: changed)
  }

  /// Whether it is a function with a name and parameters that can be stored.
  private static func checkForm(of function: FunctionDeclSyntax, in context: some MacroExpansionContext) -> Bool {
    if case .identifier = function.name.tokenKind {
    } else {
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

extension RemoteDeclaration.Parameter {
  init(_ parameter: FunctionParameterSyntax, of function: String, in enclosing: EnclosingType?) {
    let inner = parameter.secondName ?? parameter.firstName
    label = parameter.firstName.tokenKind == .wildcard ? "" : "\(parameter.firstName.text): "
    // A parameter without a name still needs a place; one named as the function would hide it.
    let isUsable = inner.tokenKind != .wildcard && inner.bareName != function
    property = isUsable ? inner.variableName : "_\(parameter.position.utf8Offset)"
    names =
      parameter.firstName.bareName == property.filter { $0 != "`" }
      ? parameter.firstName.text : "\(parameter.firstName.text) \(property)"
    let base = parameter.type.as(AttributedTypeSyntax.self).map(\.baseType) ?? parameter.type
    type = base.trimmed.replacingSelf(by: enclosing)
    defaultValue = parameter.defaultValue.map { " = " + $0.value.trimmedDescription } ?? ""
  }
}

extension TokenSyntax {
  /// Without backticks.
  var bareName: String { identifier?.name ?? text }

  /// With backticks if it is a keyword, which is a name only before a colon.
  var variableName: String { bareName.isValidSwiftIdentifier(for: .variableName) ? bareName : "`\(bareName)`" }
}

extension String {
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension AttributeListSyntax {
  /// Whether an attribute says that the function runs on an actor, so that others have to wait for it.
  var nameActor: Bool {
    contains { $0.as(AttributeSyntax.self)?.attributeName.trimmedDescription.hasSuffix("Actor") == true }
  }
}

extension TypeSyntax {
  var isVoid: Bool {
    switch trimmedDescription {
    case "Void", "Swift.Void", "()": true
    default: false
    }
  }

  /// What is generated stands in a type of its own, where `Self` means that.
  func replacingSelf(by type: EnclosingType?) -> TypeSyntax {
    guard let type else { return self }
    return SelfReplacement(name: type.name).rewrite(self).cast(TypeSyntax.self)
  }
}

private final class SelfReplacement: SyntaxRewriter {
  let name: String

  init(name: String) { self.name = name }

  override func visit(_ token: TokenSyntax) -> TokenSyntax {
    token.tokenKind == .keyword(.Self) ? token.with(\.tokenKind, .identifier(name)) : token
  }
}
