// Compiles each argument as a query of Log Analytics, with Microsoft's own compiler of the language, and tells what is wrong.
const fs = require("fs");
const path = require("path");
const vm = require("vm");

// The tables that queries ask, with the columns that Azure Monitor documents for them.
const tables = {
  AppMetrics: "(TimeGenerated:datetime, AppRoleName:string, AppRoleInstance:string, Name:string, Sum:real, Min:real, Max:real, ItemCount:int, Properties:dynamic)",
  AppRequests: "(TimeGenerated:datetime, AppRoleName:string, AppRoleInstance:string, Name:string, OperationName:string, Url:string, Success:bool, ResultCode:string, DurationMs:real, ItemCount:int)",
  AzureMetrics: "(TimeGenerated:datetime, ResourceProvider:string, ResourceId:string, Resource:string, MetricName:string, Average:real, Count:real, Maximum:real, Minimum:real, Total:real)",
  ContainerAppSystemLogs: "(TimeGenerated:datetime, ContainerAppName:string, JobName:string, ExecutionName:string, EnvironmentName:string, ReplicaName:string, RevisionName:string, Reason:string, Log:string)",
  StorageBlobLogs: "(TimeGenerated:datetime, AccountName:string, OperationName:string, StatusCode:string, StatusText:string, AuthenticationType:string)",
};

const folder = path.dirname(require.resolve("@kusto/language-service-next/package.json"));
for (const file of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
  vm.runInThisContext(fs.readFileSync(path.join(folder, file), "utf8"), file);
}

const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;
const members = Object.entries(tables).map(([name, schema]) => new Symbols.TableSymbol.$ctor7(name, schema, null));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1("workspace", members));

for (const query of process.argv.slice(2)) {
  for (const problem of globalThis.Bridge.toArray(KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics())) {
    console.log(`${problem.Severity}: ${problem.Message} in: ${query}`);
  }
}
