using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Errors about an encryption key given to a command. No text contains any of the key.</summary>
internal static class KeyErrors
{
    private const string Advice =
        "Give a key that New-DfssEncryptionKey made: its object, its file, or its text as a SecureString.";

    internal static CmdletException NotFound(string text, string path) => new(ErrorRecords.Create(
        "EncryptionKeyNotFound", ErrorCategory.ObjectNotFound, text,
        $"There is no file '{path}' with an encryption key.", "Check the path; New-DfssEncryptionKey makes a key."));

    internal static CmdletException Unreadable(string path, Exception cause) => new(ErrorRecords.Create(
        "EncryptionKeyUnreadable", ErrorCategory.ReadError, path, $"'{path}' cannot be read: {cause.Message}",
        "Check that the user who runs the command can read it.", cause));

    internal static CmdletException InvalidFile(string path) => new(ErrorRecords.Create(
        "EncryptionKeyInvalid", ErrorCategory.InvalidData, path, $"'{path}' has no encryption key in it.", Advice));

    internal static CmdletException InvalidSecret() => new(ErrorRecords.Create(
        "EncryptionKeyInvalid", ErrorCategory.InvalidData, target: null,
        "The SecureString is not an encryption key. Passphrases are not accepted, because they can be guessed.",
        Advice));

    internal static CmdletException HiddenNameKeyMissing() => new(ErrorRecords.Create(
        "HiddenNameKeyMissing", ErrorCategory.InvalidArgument, target: null,
        "-HiddenName is given, and no key to hide the names with. A recipient's certificate hides no name.",
        "Give -EncryptionKey too."));

    internal static CmdletException HiddenNameMissing() => new(ErrorRecords.Create(
        "HiddenNameMissing", ErrorCategory.InvalidArgument, target: null,
        "-EncryptionKey is given, which this command needs for hidden names only, and -HiddenName is not.",
        "Give both, or neither if the names are not hidden."));

    internal static ErrorRecord NameWouldShow(string name) => ErrorRecords.Create(
        "NameWouldShow", ErrorCategory.InvalidOperation, name,
        $"The name '{name}' is hidden from the peers, and the new name would not be.",
        "Give -HiddenName and -EncryptionKey; or, if the new name may be visible, use the name that the peers have "
            + "(StoredName).");

    internal static CmdletException NoRecipient() => new(ErrorRecords.Create(
        "RecipientMissing", ErrorCategory.InvalidArgument, target: null,
        "No recipient is given: neither -Recipient nor -RecipientKey.",
        "Give -Recipient certificate, or -RecipientKey key."));

    internal static CmdletException NoKey() => new(ErrorRecords.Create(
        "KeyMissing", ErrorCategory.InvalidArgument, target: null,
        "No key is given that opens the files: neither -EncryptionKey nor -DecryptionCertificate.",
        "Give the key or the certificate that the files are encrypted for now."));
}
