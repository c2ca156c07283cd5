using System.Management.Automation;
using System.Management.Automation.Language;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>The command that starts an interrupted transfer again.</summary>
internal static class TransferCommand
{
    /// <summary>The command and its parameters.</summary>
    internal static (CmdletInfo Command, Dictionary<string, object> Parameters) Create(
        TransferDescription description, bool asJob)
    {
        Dictionary<string, object> parameters = description.Parameters.ToDictionary(
            option => option.Key, option => TransferOptionTexts.ToValue(option.Value));
        parameters[nameof(ClientCmdlet.Peer)] = description.Peers.ToArray();
        if (description.LimitBytesPerSecond is { } limit)
        {
            parameters[nameof(SendDfssFileCommand.BandwidthLimit)] = limit;
        }

        if (asJob)
        {
            parameters[nameof(SendDfssFileCommand.AsJob)] = new SwitchParameter(isPresent: true);
        }

        switch (description.Kind)
        {
            case TransferKind.Send:
                parameters[nameof(LocalFileCmdlet.LiteralPath)] = PathOf(description);
                parameters[nameof(LocalFileCmdlet.Name)] = description.Name;
                return (new CmdletInfo("Send-DfssFile", typeof(SendDfssFileCommand)), parameters);
            case TransferKind.Receive:
                parameters[nameof(StoredFileCmdlet.LiteralName)] = description.Name;
                parameters[nameof(ReceiveDfssFileCommand.Destination)] = PathOf(description);
                return (new CmdletInfo("Receive-DfssFile", typeof(ReceiveDfssFileCommand)), parameters);
            default:
                parameters[nameof(StoredFileCmdlet.LiteralName)] = description.Name;
                return (new CmdletInfo("Repair-DfssFile", typeof(RepairDfssFileCommand)), parameters);
        }
    }

    /// <summary>The command for a user to write.</summary>
    /// <returns>Null if a name or path has control characters, which must not reach a terminal.</returns>
    internal static string? Describe(TransferDescription description)
    {
        (string Option, IEnumerable<string?> Values)[] options = description.Kind switch
        {
            TransferKind.Send => [("LiteralPath", [description.LocalPath]), ("Name", [description.Name])],
            TransferKind.Receive => [("LiteralName", [description.Name]), ("Destination", [description.LocalPath])],
            _ => [("LiteralName", [description.Name])],
        };
        options = description.Peers.Count == 0 ? options : [.. options, ("Peer", description.Peers)];
        return options.SelectMany(option => option.Values).Any(value => (value ?? string.Empty).Any(char.IsControl))
            ? null
            : string.Join(' ', options.Select(option => $"-{option.Option} "
                + string.Join(", ", option.Values.Select(value =>
                    $"'{CodeGeneration.EscapeSingleQuotedStringContent(value)}'"))).Prepend(NameOf(description)));
    }

    /// <summary>The local path with its provider: the current location may be on a drive of another one.</summary>
    private static string PathOf(TransferDescription description) =>
        $@"Microsoft.PowerShell.Core\FileSystem::{description.LocalPath}";

    /// <summary>The name of the command.</summary>
    internal static string NameOf(TransferDescription description) => description.Kind switch
    {
        TransferKind.Send => "Send-DfssFile",
        TransferKind.Receive => "Receive-DfssFile",
        _ => "Repair-DfssFile",
    };
}
