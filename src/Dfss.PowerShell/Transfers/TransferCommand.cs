using System.Management.Automation;
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
        if (asJob)
        {
            parameters[nameof(SendDfssFileCommand.AsJob)] = new SwitchParameter(isPresent: true);
        }

        switch (description.Kind)
        {
            case TransferKind.Send:
                parameters[nameof(LocalFileCmdlet.LiteralPath)] = description.LocalPath!;
                parameters[nameof(LocalFileCmdlet.Name)] = description.Name;
                return (new CmdletInfo("Send-DfssFile", typeof(SendDfssFileCommand)), parameters);
            case TransferKind.Receive:
                parameters[nameof(StoredFileCmdlet.LiteralName)] = description.Name;
                parameters[nameof(ReceiveDfssFileCommand.Destination)] = description.LocalPath!;
                return (new CmdletInfo("Receive-DfssFile", typeof(ReceiveDfssFileCommand)), parameters);
            default:
                parameters[nameof(StoredFileCmdlet.LiteralName)] = description.Name;
                return (new CmdletInfo("Repair-DfssFile", typeof(RepairDfssFileCommand)), parameters);
        }
    }

    /// <summary>The command for a user to write.</summary>
    internal static string Describe(TransferDescription description) => description.Kind switch
    {
        TransferKind.Send => $"Send-DfssFile -LiteralPath '{description.LocalPath}' -Name '{description.Name}'",
        TransferKind.Receive =>
            $"Receive-DfssFile -LiteralName '{description.Name}' -Destination '{description.LocalPath}'",
        _ => $"Repair-DfssFile -LiteralName '{description.Name}'",
    };
}
